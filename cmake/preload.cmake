# The preload library: the core under the names of the C library's malloc. macOS keeps initial-exec thread-local
# storage in memory that malloc makes, so there the thread's heap hangs off a pthread key.
function(superslab_preload target core name)
  add_library(${target} SHARED ${SUPERSLAB_PRELOAD_SOURCES})
  target_compile_options(${target} PRIVATE ${SUPERSLAB_PRELOAD_FLAGS})
  target_link_libraries(${target} PRIVATE ${core})
  target_link_options(${target} PRIVATE ${SUPERSLAB_PRELOAD_LINK_FLAGS})
  if(NOT APPLE) # the last one counts
    target_link_options(${target} PRIVATE -Wl,-soname,lib${name}.so)
  endif()
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} NO_SONAME ON)
  if(CMAKE_JS_VERSION)
    set_target_properties(${target} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY "${PROJECT_SOURCE_DIR}/build/Release")
  endif()
endfunction()

if(APPLE)
  superslab_core(superslab-preload-core SUPERSLAB_TLS_DYNAMIC=1)
  superslab_preload(superslab-preload superslab-preload-core superslab)
else()
  superslab_preload(superslab-preload superslab superslab)
  # The same sources with checks: docs/design/hardened.md.
  if(NOT SUPERSLAB_TEST_HARDENED)
    superslab_core(superslab-hardened-core SUPERSLAB_TLS_BLOCK=1 SUPERSLAB_HARDENED=1)
    superslab_preload(superslab-hardened superslab-hardened-core superslab-hardened)
    superslab_core(superslab-hardened2-core SUPERSLAB_TLS_BLOCK=1 SUPERSLAB_HARDENED=2)
    superslab_preload(superslab-hardened2 superslab-hardened2-core superslab-hardened2)
  endif()
endif()
