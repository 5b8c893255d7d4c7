import BallastKernel
import BallastMath
import BallastModel
import BallastUnits

/// Values of one quantity over replicates, and what they say of its mean.
///
/// Two intervals stand side by side: Student's, which takes values for normal, and the bootstrap's, which takes them as
/// they are. Where they differ much, there are too few values or they are skewed, and the wider one is safer.
public struct Repeated: Sendable {
  public var values: [Double]
  public var student: ConfidenceInterval?
  public var bootstrap: ConfidenceInterval?

  /// - Parameter name: of the quantity; the bootstrap's chance is drawn from a stream of that name.
  public init(_ values: [Double], confidence: Double, seed: UInt64, named name: String) {
    self.values = values
    student = Statistics.studentInterval(values, confidence: confidence)
    bootstrap = Statistics.bootstrapInterval(
      values, confidence: confidence, stream: RandomStream(seed: seed, named: "bootstrap/\(name)"))
  }

  public var mean: Double { Statistics.mean(values) ?? .nan }

  /// All values are the same: chance did not matter.
  public var isConstant: Bool { values.allSatisfy { $0 == values[0] } }

  public var json: JSON {
    .object([
      ("mean", .number(mean)), ("student", BallastPlanner.json(student)),
      ("bootstrap", BallastPlanner.json(bootstrap)),
    ])
  }
}

extension TrialBench {
  /// Whether other seeds and orders of traces change a run at all; asked by comparing two digests.
  func dependsOnChance() -> Bool {
    let pair = run([Trial(), Trial(replicate: 1)])
    guard case .success(let one) = pair[0], case .success(let other) = pair[1] else { return true }
    return one.digest != other.digest
  }

  static let noChance =
    "nothing in this scenario is left to chance: repetitions would be equal, so there is no interval"
}
