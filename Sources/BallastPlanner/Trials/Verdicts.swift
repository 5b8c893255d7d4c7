/// What stops a trial; nil where nothing does.
func whatStops(_ result: Result<TrialResult, TrialError>) -> String? {
  switch result {
  case .failure(let error): error.words
  case .success(let result): result.obstacle
  }
}

/// Claims that rest on several trials: a scenario as it is, and with hosts down.
extension TrialBench {
  /// What stops the first of these trials that does not hold, and whether it is one behind the first, with hosts down.
  func obstacle(_ trials: [Trial]) -> (words: String, isDegraded: Bool)? {
    for (index, result) in run(trials).enumerated() {
      if let words = whatStops(result) { return (words, index > 0) }
    }
    return nil
  }

  /// Which groups of trials hold, all of a group.
  func hold(_ groups: [[Trial]]) -> [Bool] {
    var results = run(groups.flatMap { $0 })[...]
    return groups.map { group in
      defer { results = results.dropFirst(group.count) }
      return results.prefix(group.count).allSatisfy { (try? $0.get())?.holds ?? false }
    }
  }
}
