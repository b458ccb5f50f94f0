// Who `status` and `admin` are to a server that asks for a password: from options, or from the variable
// that redis-cli reads, which other users of the machine cannot see.

import ClusterClient
import Interop
import SystemIO

enum Login {
    static let options = [
        Option("--user", value: "NAME", "log in as this user"),
        Option("--password", value: "TEXT", "log in with this password"),
    ]
    static let notes = [
        "REDISCLI_AUTH in the environment is taken for a password, too: others cannot see it. The",
        "argument is taken out of the list of processes as soon as it has been read.",
    ]

    private static let variables = ["REDISCLI_AUTH", "VALKEYCLI_AUTH"]

    /// nil when no password was given.
    static func credentials(_ arguments: Arguments) throws(UsageError) -> Credentials? {
        let user = arguments.value("--user")
        let named = variables.lazy.compactMap { Environment.value($0) }.first { !$0.isEmpty }
        guard let password = arguments.value("--password") ?? named else {
            guard user == nil else {
                throw UsageError("--user needs a password: --password or \(variables[0])")
            }
            return nil
        }
        Program.hideArgument(password)
        return Credentials(user: user, password: password)
    }
}
