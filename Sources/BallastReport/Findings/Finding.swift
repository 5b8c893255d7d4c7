/// Something a capacity planner should know, with its numbers and the lever that would help.
struct Finding {
  /// Whose finding it is; the page links it to its charts or its row.
  enum Subject: Equatable {
    /// Index into `RunData.vms`, `hosts`, `pools`.
    case vm(Int)
    case host(Int)
    case pool(Int)
  }
  var severity: Severity
  /// One line: what, of how many, how much.
  var title: String
  /// The numbers behind it.
  var text: String
  /// The worst first, each with its number.
  var subjects: [(subject: Subject, number: String)]
  /// How many there are; more than `subjects` when the list is cut.
  var subjectCount: Int
  /// What would help; empty for nothing to do.
  var lever: String
  /// Orders findings of one severity, larger first: GHz·h of CPU lost where it is CPU.
  var harm: Double

  /// Subjects that are named in one finding.
  static let subjectsMax = 8
}

/// All findings of a run, worst first. A rule is one file and one line here.
func findings(_ data: RunData) -> [Finding] {
  let rules: [(RunData) -> [Finding]] = [
    killedVMs, slowedVMs, hostsOutOfMemory, squeezedVMs, fruitlessSharing, memoryOvercommitted,
    outages, hollowReservations, refusedVMs, waitingVMs, limitedVMs,
    saturatedHosts, unmetEntitlements,
    idleHosts, oversizedVMs,
  ]
  let found = rules.flatMap { $0(data) }
  return found.enumerated().sorted { a, b in
    if a.element.severity != b.element.severity { return a.element.severity > b.element.severity }
    if a.element.harm != b.element.harm { return a.element.harm > b.element.harm }
    return a.offset < b.offset
  }.map(\.element)
}

extension Finding {
  /// A finding over several subjects, which are cut to the first few.
  init(
    _ severity: Severity, _ title: String, _ text: String,
    subjects: [(subject: Subject, number: String)], lever: String, harm: Double
  ) {
    self.init(
      severity: severity, title: title, text: text,
      subjects: Array(subjects.prefix(Self.subjectsMax)), subjectCount: subjects.count,
      lever: lever, harm: harm)
  }
}
