# egressd_library(FOLDER USES ...): the folder's *.cpp as the static library egressd_FOLDER.
function(egressd_library folder)
  cmake_parse_arguments(arg "" "" "USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/cli/main\\.cpp$")
  add_library(egressd_${folder} STATIC ${sources})
  target_link_libraries(egressd_${folder} PUBLIC ${arg_USES} PRIVATE egressd_options)
  target_include_directories(egressd_${folder} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()

# egressd_unit_test(FOLDER): tests/unit/FOLDER/*_test.cpp as the test program unit_FOLDER.
function(egressd_unit_test folder)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${folder}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(unit_${folder} ${sources})
  target_link_libraries(unit_${folder} PRIVATE egressd_${folder} egressd_test_main egressd_options)
  add_test(NAME unit_${folder} COMMAND unit_${folder})
  set_tests_properties(unit_${folder} PROPERTIES TIMEOUT 300
    ENVIRONMENT "EGRESSD_SOURCE=${PROJECT_SOURCE_DIR};EGRESSD_BINARY=$<TARGET_FILE:egressd>")
endfunction()

# egressd_fuzz_target(NAME USES ...): tests/fuzz/fuzz_NAME.cpp, seeded from tests/fuzz/corpus/NAME.
function(egressd_fuzz_target name)
  cmake_parse_arguments(arg "" "" "USES" ${ARGN})
  add_executable(fuzz_${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_${name}.cpp)
  target_link_libraries(fuzz_${name} PRIVATE ${arg_USES} egressd_options)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
endfunction()
