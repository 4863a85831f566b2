using System.CommandLine;
using ModelRunner.Client;
using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary><c>model-runner key revoke</c>: removes a key. A running daemon refuses it after at most 0.2 s.</summary>
internal sealed class KeyRevokeCommand : KeysFileCommand
{
    private readonly Argument<string> _name = new("NAME") { Description = "The name of the key" };

    public KeyRevokeCommand(CliContext context)
        : base("revoke", "Remove a key; a running daemon refuses it within 0.2 s", context) => Add(_name);

    protected override async Task RunAsync(ParseResult result, KeysFileEditor editor, CancellationToken cancellationToken)
    {
        string name = result.GetValue(_name)!;
        if (editor.Section.Any(key => key.Name == name))
        {
            throw new CliFailure(
                $"the key \"{name}\" is in the section keys of the configuration file: remove it there, and send SIGHUP to the daemon", ExitCode.Failure);
        }

        // Nothing is created only to find out that there is no such key.
        KeysFileContent before = editor.Read();
        Check(before, name, editor.Path);
        await editor.EditAsync(
            content =>
            {
                Check(content, name, editor.Path);
                return content.Keys.Where(key => key.Name != name);
            },
            Context.Time, cancellationToken);
        if (IsJson(result))
        {
            WriteJson(json =>
            {
                json.WriteStartObject();
                json.WriteString("name"u8, name);
                json.WriteBoolean("revoked"u8, value: true);
                json.WriteString("file"u8, editor.Path);
                json.WriteEndObject();
            });
        }
        else
        {
            Console.WriteError($"the key \"{name}\" is revoked; requests that it has sent before continue");
        }
    }

    private static void Check(KeysFileContent content, string name, string path)
    {
        if (content.Keys.Any(key => key.Name == name))
            return;
        string? closest = Spelling.Closest(name, content.Keys.Select(static key => key.Name));
        string remedy = closest is null ? "\"model-runner key list\" lists the keys" : $"did you mean \"{closest}\"?";
        throw new CliFailure($"there is no key \"{name}\" in {path}; {remedy}", ExitCode.Failure);
    }
}
