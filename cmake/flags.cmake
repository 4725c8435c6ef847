# Compiler and linker flags, once, on one interface target that every target of ours links.
add_library(egressd_options INTERFACE)

target_compile_options(egressd_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  $<$<BOOL:${EGRESSD_WERROR}>:-Werror>
  # g++ 12 sees an overlap in every `"text" + std::string` once it optimises (GCC 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)

# Asio and Beast are compiled once (net/asio.cpp, proxy/beast.cpp), not in every file that uses them.
target_compile_definitions(egressd_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED EGRESSD_VERSION="${PROJECT_VERSION}")

target_include_directories(egressd_options INTERFACE ${PROJECT_SOURCE_DIR})

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  # _FORTIFY_SOURCE=3 needs optimisation, so hardening belongs to release alone.
  target_compile_options(egressd_options INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS -fstack-protector-strong
    -fstack-clash-protection -fcf-protection)
  target_link_options(egressd_options INTERFACE -pie -Wl,-z,relro -Wl,-z,now)
endif()

if(EGRESSD_SANITIZE)
  # Frame recycling would hide a dangling coroutine frame from the sanitizers.
  target_compile_definitions(egressd_options INTERFACE
    BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING)
  target_compile_options(egressd_options INTERFACE
    -fsanitize=${EGRESSD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(egressd_options INTERFACE -fsanitize=${EGRESSD_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # clang 14: UBSan's function check and coroutines do not assemble together.
    target_compile_options(egressd_options INTERFACE -fno-sanitize=function)
  endif()
  if(EGRESSD_SANITIZE MATCHES "undefined")
    # UBSan's vptr check writes to a pipe to see whether an object's memory can be read. Where no descriptor is
    # left for one it takes every object for invalid and ends the program: the tests run out of descriptors.
    target_compile_options(egressd_options INTERFACE -fno-sanitize=vptr)
  endif()
  if(EGRESSD_SANITIZE MATCHES "thread")
    # Asio's atomic_thread_fence is not modelled by TSan; g++ warns about each use.
    target_compile_options(egressd_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
endif()
