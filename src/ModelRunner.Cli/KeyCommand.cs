using System.CommandLine;

namespace ModelRunner.Cli;

/// <summary><c>model-runner key</c>: its commands manage the keys of clients.</summary>
internal sealed class KeyCommand : Command
{
    public KeyCommand(CliContext context)
        : base("key", "Add, list and revoke the keys of clients")
    {
        Add(new KeyAddCommand(context));
        Add(new KeyListCommand(context));
        Add(new KeyRevokeCommand(context));
    }
}
