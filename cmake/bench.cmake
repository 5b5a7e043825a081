# bench/micro.cc: the inner loops, with Google Benchmark. Not part of `all`: `ninja micro`.
add_executable(micro EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/micro.cc)
target_link_libraries(micro PRIVATE syncline_document syncline_index benchmark::benchmark)
# As in the tests: false in GCC 12 at -O3.
target_compile_options(micro PRIVATE -Wno-null-dereference)
