# room(FOLDER SOURCES files… [USES libraries…] [HIDES libraries…]): the room FOLDER (common/base, engine/tls …) as the static
# library mxg_NAME. Its headers are included with the room's name, "base/mem.h", so that an #include tells where a thing lives.
# USES: what the headers need, too; HIDES: what only the sources need. Which room may use which: tests/includes.py.
function(room folder)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;HIDES" ${ARGN})
  get_filename_component(name "${folder}" NAME)
  get_filename_component(house "${folder}" DIRECTORY)
  list(TRANSFORM arg_SOURCES PREPEND "${folder}/" REGEX "^[^/]+$")
  list(TRANSFORM arg_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/" REGEX "^[^/]")
  add_library(mxg_${name} STATIC ${arg_SOURCES})
  target_include_directories(mxg_${name} PUBLIC "${PROJECT_SOURCE_DIR}/${house}")
  target_link_libraries(mxg_${name} PUBLIC ${arg_USES} PRIVATE mxg_warnings ${arg_HIDES})
endfunction()
