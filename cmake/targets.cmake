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
if(FLEET_FUZZ)
    # The product tells the fuzzer which way it went.
    target_compile_options(fleet_options INTERFACE -fsanitize=fuzzer-no-link)
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

# fleet_own_machines(NAME FOLDER): the machines of FOLDER become a source of fleet_NAME, written by a
# program that refuses a file with anything wrong in it.
function(fleet_own_machines name folder)
    file(GLOB machines CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.yml)
    add_executable(embed_machines ${folder}/embed/main.cpp)
    target_link_libraries(embed_machines PRIVATE fleet_config)
    set(source ${CMAKE_BINARY_DIR}/generated/own_machines.cpp)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated)
    add_custom_command(OUTPUT ${source} COMMAND embed_machines ${source} ${machines}
                       DEPENDS embed_machines ${machines} COMMENT "The fleet's own machines"
                       VERBATIM)
    target_sources(fleet_${name} PRIVATE ${source})
endfunction()

# fleet_program(NAME MAIN LIBRARIES...)
function(fleet_program name main)
    if(EXISTS ${CMAKE_SOURCE_DIR}/${main})
        add_executable(${name} ${main})
        target_link_libraries(${name} PRIVATE ${ARGN})
    endif()
endfunction()

# Every bench/bench_*.cpp is a program of its own that prints one table. bench/programs are what
# benchmarks start besides our own programs; linked statically, so that their start is theirs alone.
function(fleet_benchmarks)
    file(GLOB mains CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/bench_*.cpp)
    file(GLOB shared CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/support/*.cpp)
    file(GLOB started CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/programs/*.cpp)
    set(programs)
    foreach(source ${started})
        get_filename_component(name ${source} NAME_WE)
        add_executable(${name} ${source})
        target_link_libraries(${name} PRIVATE fleet_options)
        if(NOT FLEET_SANITIZE)
            target_link_options(${name} PRIVATE -static)
        endif()
        list(APPEND programs ${name})
    endforeach()
    foreach(main ${mains})
        get_filename_component(name ${main} NAME_WE)
        add_executable(${name} ${main} ${shared})
        target_link_libraries(${name} PRIVATE fleet_coordinator fleet_worker fleet_store
                                              PkgConfig::SQLITE3)
        if(programs)
            add_dependencies(${name} ${programs})
        endif()
    endforeach()
    if(TARGET mock_provider AND TARGET bench_providers)
        add_dependencies(bench_providers mock_provider fleet worker)
    endif()
endfunction()
