import ArgumentParser

struct HostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "host", abstract: "Watch, record and manage a KVM host with the same manager.",
    discussion: """
      Changes nothing unless told `apply` or `manage --apply`. docs/KVM.md shows the first plan in five minutes.
      """,
    subcommands: [
      HostObserveCommand.self, HostPlanCommand.self, HostApplyCommand.self, HostManageCommand.self,
      HostRestoreCommand.self, HostReplayCommand.self, HostRecordCommand.self,
      HostCompareCommand.self,
    ])
}
