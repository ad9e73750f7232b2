# embed_sql(TARGET HEADER files…): every FILE.sql becomes `static const char SQL_FILE[]` in HEADER, so
# that programs carry their SQL and SQL stays in .sql files. EMBED_PREFIX names another prefix.
function(embed_sql target header)
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${header}")
  set(sources)
  foreach(file IN LISTS ARGN)
    list(APPEND sources "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
  endforeach()
  add_custom_command(
    OUTPUT "${out}"
    COMMAND ${CMAKE_COMMAND} "-DOUT=${out}" "-DSOURCES=${sources}" -P "${PROJECT_SOURCE_DIR}/cmake/embed_sql_script.cmake"
    DEPENDS ${sources} "${PROJECT_SOURCE_DIR}/cmake/embed_sql_script.cmake"
    VERBATIM)
  target_sources(${target} PRIVATE "${out}")
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
endfunction()
