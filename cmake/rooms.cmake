# syncline_room(NAME LINKS ...): the static library syncline_NAME of src/NAME/*.cc, tests left out.
# LINKS names other rooms by their folders, and libraries by their targets. Each room is an include
# path of its own, so that a file which includes a room that is not linked does not compile.
function(syncline_room name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  if(sources)
    add_library(syncline_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(syncline_${name} INTERFACE)  # headers alone
    set(scope INTERFACE)
  endif()
  set(include ${CMAKE_BINARY_DIR}/rooms/${name})
  file(MAKE_DIRECTORY ${include})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${name} ${include}/${name} SYMBOLIC)
  target_include_directories(syncline_${name} ${scope} ${include})
  foreach(link IN LISTS ARG_LINKS)
    syncline_link_one(syncline_${name} ${scope} ${link})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY syncline_rooms ${name})
endfunction()

# syncline_link(TARGET ROOM_OR_LIBRARY...): for programs.
function(syncline_link target)
  foreach(link IN LISTS ARGN)
    syncline_link_one(${target} PRIVATE ${link})
  endforeach()
endfunction()

function(syncline_link_one target scope link)
  if(IS_DIRECTORY ${CMAKE_SOURCE_DIR}/src/${link})
    target_link_libraries(${target} ${scope} syncline_${link})
  else()
    target_link_libraries(${target} ${scope} ${link})
  endif()
endfunction()

# syncline_embed(ROOM FOLDER EXTENSION HEADER): makes FOLDER/x.EXTENSION readable as embedded::x
# (std::string_view) from HEADER, so that SQL installed in a user's database is reviewed as SQL.
function(syncline_embed room folder extension header_name)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.${extension})
  set(header ${CMAKE_BINARY_DIR}/generated/${header_name})
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DHEADER=${header} "-DFILES=${files}" -DFOLDER=${folder}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(syncline_${room} PRIVATE ${header})
  target_include_directories(syncline_${room} PRIVATE ${CMAKE_BINARY_DIR}/generated)
endfunction()
