# The preload library: the core under the names of the C library's malloc. macOS keeps initial-exec thread-local
# storage in memory that malloc makes, so there the thread's heap hangs off a pthread key.
set(superslab_preload_core superslab)
if(APPLE)
  superslab_core(superslab-preload-core SUPERSLAB_TLS_DYNAMIC=1)
  set(superslab_preload_core superslab-preload-core)
endif()

add_library(superslab-preload SHARED ${SUPERSLAB_PRELOAD_SOURCES})
target_compile_options(superslab-preload PRIVATE ${SUPERSLAB_PRELOAD_FLAGS})
target_link_libraries(superslab-preload PRIVATE ${superslab_preload_core})
target_link_options(superslab-preload PRIVATE ${SUPERSLAB_PRELOAD_LINK_FLAGS})
set_target_properties(superslab-preload PROPERTIES OUTPUT_NAME superslab NO_SONAME ON)
if(CMAKE_JS_VERSION)
  set_target_properties(superslab-preload PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY "${PROJECT_SOURCE_DIR}/build/Release")
endif()
