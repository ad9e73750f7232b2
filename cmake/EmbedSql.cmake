# embed_sql(TARGET HEADER [PLAIN] files…): every FILE.sql becomes `static const struct statement SQL_FILE` (db/db.h) in HEADER,
# with FILE as its name and as many parameters as its text has, so that programs carry their SQL and SQL stays in .sql files.
# PLAIN: files without parameters.
function(embed_sql target header)
  cmake_parse_arguments(arg "PLAIN" "" "" ${ARGN})
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${header}")
  set(sources)
  foreach(file IN LISTS arg_UNPARSED_ARGUMENTS)
    list(APPEND sources "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
  endforeach()
  add_custom_command(
    OUTPUT "${out}"
    COMMAND ${CMAKE_COMMAND} "-DOUT=${out}" "-DSOURCES=${sources}" "-DPLAIN=${arg_PLAIN}"
      -P "${PROJECT_SOURCE_DIR}/cmake/embed_sql_script.cmake"
    DEPENDS ${sources} "${PROJECT_SOURCE_DIR}/cmake/embed_sql_script.cmake"
    VERBATIM)
  target_sources(${target} PRIVATE "${out}")
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
endfunction()
