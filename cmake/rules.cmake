# egressd_embed_rules(LIBRARY): scan/rules/*.yaml as text inside LIBRARY (config/builtin_rules.hpp).
function(egressd_embed_rules library)
  file(GLOB rules CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/scan/rules/*.yaml)
  set(script ${PROJECT_SOURCE_DIR}/cmake/embed_rules.cmake)
  set(output ${PROJECT_BINARY_DIR}/builtin_rules.cpp)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DOUTPUT=${output} -P ${script}
    DEPENDS ${rules} ${script} COMMENT "Embedding the rules of secrets" VERBATIM)
  target_sources(${library} PRIVATE ${output})
  # Neighbouring literals are one, and one may be longer than the standard asks of a compiler.
  set_source_files_properties(${output} PROPERTIES COMPILE_OPTIONS -Wno-overlength-strings)
endfunction()
