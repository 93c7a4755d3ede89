# What CMake would add of its own for a build type stands in native/sources.json instead.
foreach(language C CXX)
  set(CMAKE_${language}_FLAGS_RELEASE "")
  set(CMAKE_${language}_FLAGS_DEBUG "-O0 -g")
endforeach()
set(CMAKE_C_EXTENSIONS ON)

set(superslab_flags ${SUPERSLAB_COMMON_FLAGS} ${SUPERSLAB_OS_FLAGS})
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  list(APPEND superslab_flags ${SUPERSLAB_RELEASE_FLAGS})
endif()

if(SUPERSLAB_SANITIZE)
  string(REPLACE ";" "," superslab_sanitize "${SUPERSLAB_SANITIZE}")
  # Assertions stay on and frames stay readable: a sanitizer's build is for finding faults.
  list(REMOVE_ITEM superslab_flags -DNDEBUG -O3)
  list(APPEND superslab_flags -O1 -g -fno-omit-frame-pointer
       -fsanitize=${superslab_sanitize} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${superslab_sanitize})
endif()

if(SUPERSLAB_CHECKED)
  list(APPEND superslab_flags -DSUPERSLAB_CHECKED=1)
endif()

add_compile_options(${superslab_flags})
foreach(flag ${SUPERSLAB_C_FLAGS})
  add_compile_options($<$<COMPILE_LANGUAGE:C>:${flag}>)
endforeach()
foreach(flag ${SUPERSLAB_CXX_FLAGS})
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:${flag}>)
endforeach()

# What runs once, seldom or in the background thread: a process holds the library's code as a whole, and small
# processes notice.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT SUPERSLAB_SANITIZE)
  list(TRANSFORM SUPERSLAB_SELDOM_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/")
  set_source_files_properties(${SUPERSLAB_SELDOM_SOURCES} PROPERTIES
    COMPILE_OPTIONS "${SUPERSLAB_SELDOM_FLAGS}")
endif()

# A string literal in the programs that report how they were built.
list(JOIN superslab_flags " " superslab_flags_text)
set(SUPERSLAB_BUILD_DEFINITION "SUPERSLAB_BUILD_FLAGS=\"${superslab_flags_text}\"")
