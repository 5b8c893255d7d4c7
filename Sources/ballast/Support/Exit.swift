import ArgumentParser

/// Exit codes of the interface; from sysexits.h where it has them.
enum Exit: Int32 {
  case expectationNotMet = 1
  case usage = 64
  case scenarioWrong = 65
  case fileMissing = 66
  case notThere = 69
  case bug = 70
  case cannotWrite = 74
  case interrupted = 130

  var code: ExitCode { ExitCode(rawValue) }
}
