// Standard output as a stream that does not hide failures: what cannot be written is an exception.
#pragma once

#include <array>
#include <ostream>
#include <streambuf>

namespace fleet::cli {

/// Buffers, writes to a descriptor. When the reader has gone it throws OutputClosed, else
/// base::Error; the descriptor is not closed. SIGPIPE must be ignored. Not thread-safe.
class DescriptorBuffer final : public std::streambuf {
  public:
    explicit DescriptorBuffer(int fd);

  protected:
    int_type overflow(int_type character) override;
    int sync() override;

  private:
    void write_out();

    int fd_;
    bool failed_ = false;  ///< after the first failure nothing is tried again
    std::array<char, 16384> buffer_{};
};

/// A stream over it whose operators let those exceptions through.
class StandardOutput final : public std::ostream {
  public:
    explicit StandardOutput(int fd);

  private:
    DescriptorBuffer buffer_;
};

}  // namespace fleet::cli
