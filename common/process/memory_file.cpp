#include "common/process/memory_file.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include <sys/mman.h>

namespace fleet::process {

base::UniqueFd memory_file(std::string_view bytes) {
    base::UniqueFd file(::memfd_create("fleet-input", MFD_CLOEXEC));
    while (file && !bytes.empty()) {
        const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
        if (count < 0 && errno != EINTR) {
            const int reason = errno;
            file.reset();
            errno = reason;
            return file;
        }
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    if (file) {
        ::lseek(file.get(), 0, SEEK_SET);
    }
    return file;
}

}  // namespace fleet::process
