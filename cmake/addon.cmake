# The addon, twice: with a pointer to the thread's block in initial-exec TLS, and with pthread_getspecific for
# processes whose static TLS reserve is spent. The loader in lib/ takes the second only where the first cannot be.
superslab_core(superslab-tls-pointer-core)
superslab_core(superslab-tls-dynamic-core SUPERSLAB_TLS_DYNAMIC=1)

function(superslab_addon target core file)
  add_library(${target} SHARED ${SUPERSLAB_ADDON_SOURCES} ${SUPERSLAB_EXECUTE_SOURCES})
  target_include_directories(${target} SYSTEM PRIVATE ${CMAKE_JS_INC})
  target_compile_definitions(${target} PRIVATE
    NAPI_VERSION=8 NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS NODE_ADDON_API_DISABLE_DEPRECATED
    ${SUPERSLAB_BUILD_DEFINITION})
  target_link_libraries(${target} PRIVATE ${core} superslab-workloads ${CMAKE_JS_LIB})
  target_link_options(${target} PRIVATE ${SUPERSLAB_ADDON_LINK_FLAGS})
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${file} SUFFIX ".node"
    LIBRARY_OUTPUT_DIRECTORY "${PROJECT_SOURCE_DIR}/build/Release")
endfunction()

superslab_addon(superslab-addon superslab-tls-pointer-core superslab)
superslab_addon(superslab-tls-dynamic superslab-tls-dynamic-core superslab_tls_dynamic)
