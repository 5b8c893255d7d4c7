import ArgumentParser
import BallastModel

struct ProfilesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profiles", abstract: "List the hypervisor profiles.")

  func run() {
    for profile in HypervisorProfile.catalog { output("\(profile.name)  \(profile.summary)") }
  }
}
