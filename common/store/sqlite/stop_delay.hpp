// Ctrl-Z waits for the end of a write transaction: a process that is stopped inside one holds the
// store's write lock, and every other process of the box waits for it.
#pragma once

#include <csignal>

namespace fleet::store::sqlite {

/// While it lives, a SIGTSTP with its default action is kept; the destructor then stops the
/// process. Only one at a time in a process (the writer's leader has it). SIGSTOP cannot be kept:
/// see stopped_holder.hpp.
class StopDelay {
  public:
    StopDelay();
    StopDelay(const StopDelay&) = delete;
    StopDelay& operator=(const StopDelay&) = delete;
    ~StopDelay();

  private:
    struct sigaction before_ {};
    bool active_ = false;
};

}  // namespace fleet::store::sqlite
