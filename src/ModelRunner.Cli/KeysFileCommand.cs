using System.Buffers;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary>
/// A command that reads or changes the keys file. It needs no daemon; it finds the file by the options with which the daemon of this folder is started.
/// </summary>
internal abstract class KeysFileCommand : Command
{
    private readonly Option<bool> _json = new("--json") { Description = "Write only JSON to standard output" };

    private readonly (ConfigurationOption Definition, Option<string> Option)[] _places =
    [
        .. new[] { ConfigurationCatalog.KeysFile, ConfigurationCatalog.StatePath, ConfigurationCatalog.ConfigFile }.Select(static definition => (
            definition,
            new Option<string>(definition.Flag!) { Description = $"As for serve [variable: {definition.Variable}]", HelpName = "PATH" })),
    ];

    protected KeysFileCommand(string name, string description, CliContext context)
        : base(name, description)
    {
        Context = context;
        foreach ((_, Option<string> option) in _places)
            Add(option);
        Add(_json);
        SetAction(InvokeAsync);
    }

    protected CliContext Context { get; }

    protected CliConsole Console => Context.Console;

    /// <summary>Whether the user asked for JSON.</summary>
    protected bool IsJson(ParseResult result) => result.GetValue(_json);

    /// <summary>Runs the command.</summary>
    protected abstract Task RunAsync(ParseResult result, KeysFileEditor editor, CancellationToken cancellationToken);

    /// <summary>Writes one JSON document.</summary>
    protected void WriteJson(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
            write(json);
        Console.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private async Task<int> InvokeAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((ConfigurationOption definition, Option<string> option) in _places)
            if (result.GetResult(option) is OptionResult { Implicit: false, Tokens: [.., { Value: var value }] })
                flags[definition.Flag!] = value;
        try
        {
            await RunAsync(result, KeysFileEditor.Find(Context.Options with { Flags = flags }), cancellationToken);
            return ExitCode.Success;
        }
        catch (CliFailure failure)
        {
            foreach (string line in failure.Message.Split('\n'))
                Console.WriteError(line);
            return failure.ExitCode;
        }
    }
}
