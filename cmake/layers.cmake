# syncline_layer(NAME LINKS ...): the static library syncline_NAME of src/NAME/*.cc, tests left out.
# A folder without a source file yet is an empty interface library, so that the others still build.
function(syncline_layer name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  if(sources)
    add_library(syncline_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(syncline_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(syncline_${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(syncline_${name} ${scope} ${ARG_LINKS})
endfunction()

# syncline_embed(TARGET FOLDER EXTENSION HEADER): makes FOLDER/x.EXTENSION readable as embedded::x
# (std::string_view) from HEADER, so that SQL installed in a user's database is reviewed as SQL and
# the web page as a page.
function(syncline_embed target folder extension header_name)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.${extension})
  set(header ${CMAKE_BINARY_DIR}/generated/${header_name})
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DHEADER=${header} "-DFILES=${files}" -DFOLDER=${folder}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    set(scope INTERFACE)
  else()
    set(scope PRIVATE)
  endif()
  target_sources(${target} ${scope} ${header})
  target_include_directories(${target} ${scope} ${CMAKE_BINARY_DIR}/generated)
endfunction()
