/// Bounds on what is read at all, so that a hostile or broken file gets an answer and not a crash.
enum Limits {
  /// Of a scenario with its imports (the format's own limit).
  static let bytes = 16 << 20
  /// Of a scenario as a run keeps it: aliases have been followed, so it may be longer than what was written.
  static let storedBytes = 1 << 30
  /// Maps and lists inside each other (the format's own limit).
  static let nesting = 64
  /// Values after aliases are followed. A scenario of 16 MiB written by hand has fewer; nine lines
  /// of aliases of aliases have a billion.
  static let values = 2_000_000
  /// VMs or hosts of one scenario.
  static let machines = 1_000_000
  /// Memory of all VMs or hosts of one scenario, so that sums fit 64 bits with room to spare.
  static let memory: Int64 = 1 << 60
  /// Samples, workload steps or control steps of one run.
  static let steps: Int64 = 10_000_000
  /// Errors that are shown; the rest is counted.
  static let problemsShown = 200
  /// Errors that are kept for sorting.
  static let problemsKept = 10_000
}
