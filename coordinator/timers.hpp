// Keys of the event loop, so that no two users take the same one.
#pragma once

#include "coordinator/event_loop.hpp"

namespace fleet::coordinator {

inline constexpr EventLoop::Key kTickTimer = 1;
inline constexpr EventLoop::Key kHeartbeatTimer = 2;
inline constexpr EventLoop::Key kStopTimer = 3;
inline constexpr EventLoop::Key kHandBackTimer = 4;
inline constexpr EventLoop::Key kParentWatch = 5;
/// Workers have the keys from here on.
inline constexpr EventLoop::Key kFirstWorkerKey = 1'000;

}  // namespace fleet::coordinator
