# embed_sql(TARGET HEADER [PLAIN] files…): every FILE.sql becomes `static const struct statement SQL_FILE` (db/db.h) in HEADER,
# with FILE as its name and as many parameters as its text has, so that programs carry their SQL and SQL stays in .sql files.
# A line "-- each fact: …" there becomes a line for each fact of common/model/facts.h: see embed_sql.awk.
# PLAIN: files without parameters.
function(embed_sql target header)
  cmake_parse_arguments(arg "PLAIN" "" "" ${ARGN})
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${header}")
  set(script "${PROJECT_SOURCE_DIR}/cmake/embed_sql.awk")
  set(facts "${PROJECT_SOURCE_DIR}/common/model/facts.h")
  set(plain "")
  if(arg_PLAIN)
    set(plain -v PLAIN=ON)
  endif()
  set(sources)
  foreach(file IN LISTS arg_UNPARSED_ARGUMENTS)
    list(APPEND sources "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
  endforeach()
  add_custom_command(
    OUTPUT "${out}"
    COMMAND ${AWK} -f "${script}" ${plain} "${facts}" ${sources} > "${out}"
    DEPENDS ${sources} "${script}" "${facts}"
    VERBATIM)
  target_sources(${target} PRIVATE "${out}")
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
endfunction()
