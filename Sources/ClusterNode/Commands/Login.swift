// AUTH, and what HELLO does of it: there is one user, "default", and one password, or none. Failed logins
// are counted and kept for ACL LOG; they cost no more than other commands, however many come.

import ClusterCore
import DataPlane
import RESP

enum Login {
    static func authenticate(_ context: ServerContext) -> CommandResult {
        let refusal: CommandError?
        switch context.count {
        case 2:
            guard context.node.options.asksForPassword else {
                return .error(
                    "ERR AUTH <password> called without any password configured for the default "
                        + "user. Are you sure your configuration is correct?")
            }
            refusal = attempt(userAt: nil, passwordAt: 1, context)
        case 3: refusal = attempt(userAt: 1, passwordAt: 2, context)
        default: return .syntaxError
        }
        return refusal.map { .failed($0) } ?? context.ok()
    }

    private static let user = Array("default".utf8)

    /// Logs in by words of the request: a name, where there is one, and a password. Without a password of
    /// ours any is right. Who was logged in before stays so when it fails.
    static func attempt(
        userAt: Int?, passwordAt: Int, _ context: ServerContext
    ) -> CommandError? {
        let (client, node) = (context.client, context.node)
        let given = userAt.map { context.bytes($0) } ?? user
        let isRight = context.withWord(passwordAt) { node.options.isPassword($0) }
        guard given == user && isRight else {
            let wall = node.now.wall
            node.statistics.access.failed(
                as: given, by: context.text(0), isQueued: context.frame !== client.frame, at: wall
            ) {
                ClientCommand.line(client, node)
            }
            return CommandError("WRONGPASS invalid username-password pair or user is disabled.")
        }
        client.session.isLoggedIn = true
        client.takeLimits(node.options)
        return nil
    }
}
