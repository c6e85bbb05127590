# How this project's targets are made: one static library per folder, programs, benchmarks.

add_library(fleet_options INTERFACE)
target_include_directories(fleet_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(fleet_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 warns wrongly about std::string's own copies when it optimises (its bug 105651).
    target_compile_options(fleet_options INTERFACE -Wno-restrict)
endif()
target_compile_definitions(fleet_options INTERFACE FLEET_VERSION="${PROJECT_VERSION}"
                                                   SPDLOG_FMT_EXTERNAL)
target_link_libraries(fleet_options INTERFACE Threads::Threads)
if(FLEET_SANITIZE)
    target_compile_options(fleet_options INTERFACE -fsanitize=${FLEET_SANITIZE}
                                                   -fno-sanitize-recover=all
                                                   -fno-omit-frame-pointer)
    target_link_options(fleet_options INTERFACE -fsanitize=${FLEET_SANITIZE})
endif()

# fleet_library(NAME FOLDER [NO_RECURSE] LINK ...): every .cpp below FOLDER except main.cpp.
function(fleet_library name folder)
    cmake_parse_arguments(arg "NO_RECURSE" "" "LINK" ${ARGN})
    if(arg_NO_RECURSE)
        file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp)
    else()
        file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cpp)
    endif()
    list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
    if(sources)
        add_library(fleet_${name} STATIC ${sources})
        target_link_libraries(fleet_${name} PUBLIC fleet_options)
        target_link_libraries(fleet_${name} ${arg_LINK})
    else()
        add_library(fleet_${name} INTERFACE)
        target_link_libraries(fleet_${name} INTERFACE fleet_options)
    endif()
endfunction()

# fleet_program(NAME MAIN LIBRARIES...)
function(fleet_program name main)
    if(EXISTS ${CMAKE_SOURCE_DIR}/${main})
        add_executable(${name} ${main})
        target_link_libraries(${name} PRIVATE ${ARGN})
    endif()
endfunction()

# Every bench/bench_*.cpp is a program of its own that prints one table.
function(fleet_benchmarks)
    file(GLOB mains CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/bench_*.cpp)
    file(GLOB shared CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/support/*.cpp)
    foreach(main ${mains})
        get_filename_component(name ${main} NAME_WE)
        add_executable(${name} ${main} ${shared})
        target_link_libraries(${name} PRIVATE fleet_coordinator fleet_worker fleet_store
                                              PkgConfig::SQLITE3)
    endforeach()
endfunction()
