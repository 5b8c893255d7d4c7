import Foundation

/// Set by SIGINT and SIGTERM; a run looks at it between meeting points.
nonisolated(unsafe) private var wasInterrupted: sig_atomic_t = 0

enum Interrupt {
  static var isRequested: Bool { wasInterrupted != 0 }

  /// The first signal asks the run to stop and keep what it has; a second one ends the process at once.
  static func watch() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { received in
        wasInterrupted = 1
        signal(received, SIG_DFL)
      }
    }
  }
}
