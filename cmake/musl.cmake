# Toolchain: musl in place of glibc on Debian, by the compiler wrapper of musl-tools, which brings no C++ library.
set(CMAKE_C_COMPILER musl-gcc)
# The kernel's headers stand beside glibc's, and must come last.
set(CMAKE_C_FLAGS_INIT
  "-idirafter /usr/include -idirafter /usr/include/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-gnu")
set(CMAKE_CXX_FLAGS_INIT "-specs /usr/lib/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-musl/musl-gcc.specs")
