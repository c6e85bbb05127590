// What benchmarks run as a command: says when its main began. It writes one StartMark into a FIFO
// that the benchmark reads, before anything else.
//
//   note_start FIFO [once|hold] [ITEM...]
//
// `hold`: the first attempt then sleeps until it is killed; later attempts end like all others.
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>

#include "bench/support/start_mark.hpp"

int main(int argc, char** argv) {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    fleet::bench::StartMark mark;
    mark.boot_ns = static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
    mark.pid = ::getpid();
    mark.parent = ::getppid();
    const char* const attempt = std::getenv("FLEET_ATTEMPT");
    mark.attempt = attempt == nullptr ? 0 : std::atoi(attempt);
    if (argc < 2) {
        return 2;
    }
    const int fifo = ::open(argv[1], O_WRONLY | O_CLOEXEC);
    if (fifo < 0 || ::write(fifo, &mark, sizeof mark) != static_cast<ssize_t>(sizeof mark)) {
        return 1;
    }
    ::close(fifo);
    if (argc > 2 && std::strcmp(argv[2], "hold") == 0 && mark.attempt <= 1) {
        for (;;) {
            ::pause();
        }
    }
    return 0;
}
