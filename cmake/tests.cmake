# One test program a room: src/NAME/*_test.cc.
get_property(rooms GLOBAL PROPERTY syncline_rooms)
foreach(name IN LISTS rooms)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*_test.cc)
  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE
      syncline_${name} GTest::gtest GTest::gmock GTest::gtest_main)
    # GCC 12 sees null pointers in libstdc++'s trees at -O3 where there are none.
    target_compile_options(${name}_test PRIVATE -Wno-null-dereference)
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
endforeach()
# What tests alone include.
target_link_libraries(document_test PRIVATE nlohmann_json::nlohmann_json)
