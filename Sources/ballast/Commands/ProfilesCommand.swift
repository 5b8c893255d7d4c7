import ArgumentParser
import BallastModel

struct ProfilesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profiles", abstract: "List the hypervisor profiles, or show one.",
    subcommands: [ListProfiles.self, ShowProfile.self], defaultSubcommand: ListProfiles.self)
}

struct ListProfiles: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the hypervisor profiles.")

  func run() {
    for profile in HypervisorProfile.catalog { output("\(profile.name)  \(profile.summary)") }
  }
}

struct ShowProfile: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show what a profile says: shares, costs, and how memory is taken back.")

  @Argument(help: "Name of the profile.")
  var name: String

  func validate() throws {
    guard HypervisorProfile.named(name) == nil else { return }
    let names = HypervisorProfile.catalog.map(\.name).joined(separator: ", ")
    throw ValidationError("no profile is called \(name); the profiles are \(names)")
  }

  func run() {
    for line in HypervisorProfile.named(name)?.lines ?? [] { output(line) }
  }
}
