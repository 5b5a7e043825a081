# Compiler options for every target: warnings are errors, sanitizers by preset, ccache where there.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
                    -Wcast-align -Wconversion -Wno-sign-conversion -Wnull-dereference -Werror
                    -Wno-restrict)  # false in GCC 12 at -O3: "text" + std::string

if(SYNCLINE_SANITIZE)
  add_compile_options(-fsanitize=${SYNCLINE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SYNCLINE_SANITIZE})
  # The sanitizers' instrumentation gives GCC 12 false positives in these two.
  add_compile_options(-Wno-null-dereference -Wno-maybe-uninitialized)
endif()
if(SYNCLINE_FAILPOINTS)
  add_compile_definitions(SYNCLINE_FAILPOINTS=1)
endif()
