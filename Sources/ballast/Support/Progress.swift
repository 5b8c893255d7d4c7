import BallastUnits
import Foundation

/// Says how far a run is: a line that is written over on a terminal, a line every ten seconds elsewhere.
final class Progress {
  private let duration: SimDuration
  private let isQuiet: Bool
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let start = ContinuousClock.now
  private var lastShown: ContinuousClock.Instant
  private var hasLine = false

  init(duration: SimDuration, isQuiet: Bool) {
    self.duration = duration
    self.isQuiet = isQuiet
    lastShown = start
  }

  func show(_ time: SimTime) {
    if isQuiet { return }
    let now = ContinuousClock.now
    let pause: Duration = isTerminal ? .milliseconds(200) : .seconds(10)
    guard lastShown.duration(to: now) >= pause else { return }
    lastShown = now
    let done = Double(time.value) / Double(duration.value)
    let elapsed = seconds(start.duration(to: now))
    let speed = Double(time.value) / 1e9 / elapsed
    // At most a century: an event a nanosecond into a long run would promise more than fits 64 bits.
    let left = done > 0 ? min(elapsed * (1 - done) / done, 3e9) : 0
    let text = String(
      format: "%3.0f %%  simulated %@ of %@  %@ times real time  %@ left", done * 100,
      clockText(time.value), clockText(duration.value), speedText(speed),
      clockText(Int64(left * 1e9)))
    if isTerminal {
      noteInPlace(text)
      hasLine = true
    } else {
      note(text)
    }
  }

  /// Ends the line on a terminal.
  func finish() {
    if hasLine { noteInPlace("") }
  }

  var wallMilliseconds: Int64 { Int64((seconds(start.duration(to: .now)) * 1_000).rounded()) }

  private func seconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}

/// "1d 02:30:00", "00:05:00"
private func clockText(_ nanoseconds: Int64) -> String {
  let seconds = nanoseconds / 1_000_000_000
  let days = seconds / 86_400
  let time = String(
    format: "%02lld:%02lld:%02lld", seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60)
  return days > 0 ? "\(days)d \(time)" : time
}

/// How long the rest takes at the pace so far, "00:05:00"; `done` is above 0.
func timeLeft(_ elapsed: Double, done: Int, of total: Int) -> String {
  let seconds = min(elapsed / Double(done) * Double(max(total - done, 0)), 3e9)
  return clockText(Int64(seconds * 1e9))
}

private func speedText(_ factor: Double) -> String {
  factor >= 1e6
    ? String(format: "%.1fM", factor / 1e6)
    : factor >= 1e3 ? String(format: "%.0fk", factor / 1e3) : String(format: "%.0f", factor)
}
