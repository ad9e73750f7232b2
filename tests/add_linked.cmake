# add_linked(SOURCE NAME): a program of one C file, called like it (NAME is set to that). The file's first line names the
# libraries that it needs: "// link: mxg_core mxg_name".
function(add_linked source name)
  get_filename_component(program "${source}" NAME_WE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
  file(STRINGS "${source}" first LIMIT_COUNT 1)
  string(REGEX REPLACE "^// link: *" "" libraries "${first}")
  string(REPLACE " " ";" libraries "${libraries}")
  add_executable(${program} "${source}")
  target_link_libraries(${program} PRIVATE mxg_warnings ${libraries})
  set(${name} ${program} PARENT_SCOPE)
endfunction()
