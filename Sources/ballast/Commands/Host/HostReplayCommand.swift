import ArgumentParser
import BallastAgent
import BallastModel
import BallastReport
import Foundation

struct HostReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Decide again what was decided on a KVM host.",
    discussion: """
      Recorded observations go through the same manager, and plans are compared byte for byte. With another policy the \
      differences say what it would have asked for. Needs no host.
      """)

  @Argument(help: "Record of `ballast host manage --steps`.")
  var steps: String

  @Option(
    help: ArgumentHelp("Policy file to decide by instead of the recorded one.", valueName: "file"))
  var policy: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let bytes: [UInt8]
    do throws(UnreadableFile) {
      bytes = try readBytes(steps)
    } catch {
      note("ballast: cannot read \(steps): \(error)")
      throw Exit.fileMissing.code
    }
    let other = try policy.map { try loadPolicy($0).policy }
    let replay: StepReplay
    do throws(StepReplay.Fault) {
      replay = try StepReplay(bytes, policy: other)
    } catch {
      note("ballast: \(steps): \(error)")
      throw Exit.scenarioWrong.code
    }
    output(json ? asJSON(replay) : asText(replay).joined(separator: "\n"))
    if replay.endsEarly {
      note("ballast: \(steps) ends in the middle of a step, which is left out")
    }
    if policy == nil && replay.different > 0 { throw Exit.expectationNotMet.code }
  }

  private func asText(_ replay: StepReplay) -> [String] {
    var lines = [
      "\(replay.steps) steps, decided by \(policy ?? "the policy in the record")",
      "\(replay.same) plans are the same, byte for byte; \(replay.different) differ; "
        + "\(replay.withoutPlan) were not taken by the host",
    ]
    let shown = replay.differences.prefix(40)
    if !shown.isEmpty {
      lines += [
        "",
        table(
          [["step", "domain", "setting", "recorded", "replayed"]]
            + shown.map {
              ["\($0.step)", $0.domain, $0.setting, "\($0.recorded)", "\($0.replayed)"]
            }, words: 3),
      ]
    }
    if replay.differences.count > shown.count {
      lines.append("… and \(replay.differences.count - shown.count) more; --json lists up to 1000")
    }
    return lines
  }

  private func asJSON(_ replay: StepReplay) -> String {
    struct Answer: Encodable {
      let schemaVersion = 1
      let ballastVersion: String
      let units = ["cpu": "kHz", "memory": "bytes"]
      let steps: Int
      let same: Int
      let different: Int
      let withoutPlan: Int
      let endsEarly: Bool
      let differences: [StepReplay.Difference]
    }
    return jsonText(
      Answer(
        ballastVersion: ballastVersion, steps: replay.steps, same: replay.same,
        different: replay.different, withoutPlan: replay.withoutPlan,
        endsEarly: replay.endsEarly, differences: replay.differences))
  }
}
