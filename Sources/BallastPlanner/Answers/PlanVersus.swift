import BallastMath
import BallastModel
import BallastUnits

/// `plan versus`: is B better than A? The same seeds and orders of traces on both sides.
///
/// Rule      replicate r of A and of B share seed and draw; what is judged is the difference B − A per replicate, whose
///           spread is smaller than that of either side (common random numbers). Figures whose interval excludes zero come
///           first, by how many of their standard errors they lie from it.
/// Source    Law, Simulation Modeling and Analysis, 5th ed., §11.2.
public struct PlanVersus: Sendable {
  public var repetitions: Int
  public var confidence: Double
  public init(repetitions: Int, confidence: Double) {
    self.repetitions = repetitions
    self.confidence = confidence
  }

  public func answer(_ a: TrialBench, _ b: TrialBench) throws -> PlanAnswer {
    let isChancy = repetitions > 1 && (a.dependsOnChance() || b.dependsOnChance())
    let count = isChancy ? repetitions : 1
    let trials = (0..<count).map { Trial(replicate: $0) }
    for bench in [a, b] { bench.expect(trials) }
    let (left, right) = (a.run(trials), b.run(trials))
    if a.wasStopped || b.wasStopped {
      return PlanAnswer(question: "versus", sentence: "", isAnswered: false)
    }
    for case .failure(let error) in left + right {
      throw PlanError(
        "a replicate does not run: \(error.words)", remedy: "look at it with validate")
    }
    let (ours, theirs) = (left.map { try! $0.get() }, right.map { try! $0.get() })
    struct Row {
      var name: String
      var unit: String
      var a: Double
      var difference: Repeated
    }
    var rows: [Row] = []
    for figure in ours[0].figures {
      let pairs = zip(ours, theirs).compactMap { ours, theirs -> (Double, Double)? in
        guard let a = ours.figure(figure.name), let b = theirs.figure(figure.name) else {
          return nil
        }
        return (Double(a) / 1_000, Double(b) / 1_000)
      }
      guard pairs.count == count else { continue }
      rows.append(
        Row(
          name: figure.name, unit: figure.unit, a: Statistics.mean(pairs.map(\.0))!,
          difference: Repeated(
            pairs.map { $0.1 - $0.0 }, confidence: confidence, seed: a.scenario.seed,
            named: figure.name)))
    }
    func isReal(_ row: Row) -> Bool {
      row.difference.isConstant
        ? row.difference.mean != 0 : row.difference.student?.excludesZero ?? false
    }
    let real = rows.filter(isReal)
    let noise = rows.filter { !isReal($0) && $0.difference.mean != 0 }
    func words(_ row: Row) -> String {
      let unit = row.unit == "1" ? "" : " \(row.unit)"
      let change =
        row.difference.isConstant
        ? short(row.difference.mean)
        : row.difference.student.map { BallastPlanner.words($0, confidence: confidence) }
          ?? short(row.difference.mean)
      return "\(row.name): \(short(row.a))\(unit), B differs by \(change)"
    }
    let (metA, metB) = (ours.count { $0.holds }, theirs.count { $0.holds })
    return PlanAnswer(
      question: "versus",
      sentence: "A holds in \(metA) and B in \(metB) of \(count) replicates; "
        + (real.isEmpty
          ? "no figure differs by more than noise"
          : "\(real.count) of \(rows.count) figures differ by more than noise"),
      details: real.map(words) + noise.map { words($0) + " (noise)" }
        + (!isChancy && repetitions > 1 ? [TrialBench.noChance] : []),
      json: [
        ("repetitions", .count(count)), ("a_holds", .count(metA)), ("b_holds", .count(metB)),
        (
          "figures",
          .array(
            (real + noise).map { row in
              .object([
                ("name", .text(row.name)), ("unit", .text(row.unit)), ("a", .number(row.a)),
                ("difference", row.difference.json), ("outside_noise", .boolean(isReal(row))),
              ])
            })
        ),
      ])
  }
}
