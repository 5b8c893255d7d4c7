import Glibc

/// The two clocks of a snapshot. Nothing else of this module reads a clock.
enum HostClock {
  /// Nanoseconds of a clock that nobody sets; it stands still while the host sleeps, as its counters do.
  static func monotonic() -> Int64 { read(CLOCK_MONOTONIC) }

  /// Nanoseconds since 1970.
  static func wall() -> Int64 { read(CLOCK_REALTIME) }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
