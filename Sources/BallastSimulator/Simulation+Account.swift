import BallastModel
import BallastUnits

/// What a finished run says of itself: the moments where VMs lacked most, and levers for expectations that failed.
extension Simulation {
  /// VMs × control steps up to which a run is run again to be explained: half a second of work. The bound is a count and
  /// no time, so that the same run is explained everywhere.
  static let explainedStepsMax: Int64 = 5_000_000

  /// Explains a run that has ended, by running its world once more to the moments in question.
  ///
  /// - Parameter record: what `run` gave; verdicts that failed get their lever.
  /// - Returns: the content of `explanations.json`.
  public func account(
    for record: inout RunRecord, shouldStop: () -> Bool = { false }
  ) -> RunExplanations {
    var account = lives.notable
    addRefusals(to: &record)
    let steps = Int64(world.vms.count)
      .multipliedReportingOverflow(by: now.value / world.controlInterval.value + 1)
    guard record.isComplete else {
      account.note = "The run was interrupted, so no moment is explained."
      return account
    }
    guard !steps.overflow, steps.partialValue <= Self.explainedStepsMax else {
      account.note =
        "The run has more than \(Self.explainedStepsMax) VMs × control steps, so no moment is explained here:"
        + " ballast explain DIR --vm NAME --at TIME explains any."
      return account
    }
    let worst = worstMoments
    let questions = recorder.questions
    if !recorder.followsEntitlements {
      account.note =
        "Nothing that is recorded needs entitlements, so no decision was looked at:"
        + " ballast explain DIR --vm NAME --at TIME explains any moment."
    }
    if worst.isEmpty && questions.isEmpty { return account }
    let found = Simulation.explain(
      worst.map { ExplanationRequest(vm: $0.vm, at: $0.time) } + questions.map(\.request),
      of: world, threads: threads, shouldStop: shouldStop)
    if found.contains(nil) { account.note = "Explaining the run was interrupted." }
    for (question, explanation) in zip(questions, found.dropFirst(worst.count)) {
      guard let explanation else { continue }
      let entitlement = question.resource == .cpu ? explanation.cpu : explanation.memory
      record.expectations[question.verdict].lever = entitlement?.closestLever ?? ""
      account.moments.append(
        RunExplanations.Moment(
          reason: "expectation", expectation: record.expectations[question.verdict].text,
          explanation: explanation))
    }
    let asked = Set(questions.map(\.request.vm))
    for (moment, explanation) in zip(worst, found) where !asked.contains(moment.vm) {
      // Something may have stopped it at the same instant, after the decision.
      guard let explanation, explanation.cpu != nil else { continue }
      account.moments.append(
        RunExplanations.Moment(
          reason: "demand", unmet: PartsPerMillion(moment.unmet), explanation: explanation))
    }
    return account
  }

  /// A VM that had to be admitted and was refused: the refusal says what would have let it in.
  private func addRefusals(to record: inout RunRecord) {
    for (index, judgement) in world.judgements.enumerated()
    where !record.expectations[index].isMet && judgement.expectation.bound == .isTrue {
      guard case .admitted(let vms) = judgement.target,
        let refused = vms.first(where: { !lives[$0].isAdmitted })
      else { continue }
      record.expectations[index].lever = lives[refused].refusal?.words ?? ""
    }
  }

  /// Of all tiles together.
  private var worstMoments: [WorstMoments.Moment] {
    var all = WorstMoments()
    for controller in controllers {
      for moment in controller.worst.moments { all.add(moment) }
    }
    return all.moments
  }
}
