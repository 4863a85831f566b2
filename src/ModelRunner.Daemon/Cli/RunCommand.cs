using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Daemon.Configuration;

namespace ModelRunner.Daemon.Cli;

/// <summary><c>model-runner run</c>: asks a model and shows the answer as it comes.</summary>
internal sealed class RunCommand : ClientCommand
{
    private const string StandardInput = "-";
    private const int MaxPromptCharacters = 16 * 1024 * 1024;

    private readonly Argument<string> _model = new("MODEL") { Description = "The model" };

    private readonly Argument<string[]> _prompt = new("PROMPT")
    {
        Description = "What to ask; standard input where it is left out or -", Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string> _system = new("--system") { Description = "Instructions for the model", HelpName = "TEXT" };
    private readonly Option<int?> _maxTokens = new("--max-tokens") { Description = "Ends the answer after so many tokens", HelpName = "N" };
    private readonly Option<string> _temperature = new("--temperature") { Description = "How freely it answers; 0: always the same", HelpName = "NUMBER" };

    public RunCommand(CliContext context)
        : base("run", "Ask a model and print its answer as it comes", context)
    {
        Add(_model);
        Add(_prompt);
        Add(_system);
        Add(_maxTokens);
        Add(_temperature);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, CancellationToken cancellation)
    {
        var question = new ChatQuestion(result.GetValue(_model)!, await ReadPromptAsync(result, cancellation))
        {
            System = result.GetValue(_system), MaxTokens = result.GetValue(_maxTokens), Temperature = ReadTemperature(result),
        };
        bool isStream = !IsJson(result);
        ReadOnlyMemory<byte> body = question.ToJson(isStream);
        if (!isStream)
        {
            using JsonDocument whole = await client.PostJsonAsync("v1/chat/completions", body, cancellation);
            Console.WriteLine(whole.RootElement.GetRawText());
            return ExitCode.Success;
        }

        using HttpResponseMessage answer = await client.SendAsync(HttpMethod.Post, "v1/chat/completions", body, cancellation);
        await using Stream stream = await answer.Content.ReadAsStreamAsync(cancellation);
        await ChatStream.CopyAsync(stream, Console, cancellation);
        return ExitCode.Success;
    }

    private async Task<string> ReadPromptAsync(ParseResult result, CancellationToken cancellation)
    {
        string[] words = result.GetValue(_prompt) ?? [];
        string prompt = words is [] or [StandardInput] ? await ReadInputAsync(cancellation) : string.Join(' ', words);
        return string.IsNullOrWhiteSpace(prompt)
            ? throw new CliFailure("there is no prompt; write it after the model, or pipe it in", ExitCode.Usage)
            : prompt;
    }

    private async Task<string> ReadInputAsync(CancellationToken cancellation)
    {
        var text = new System.Text.StringBuilder();
        char[] buffer = new char[4096];
        while (await Console.In.ReadAsync(buffer, cancellation) is > 0 and int read)
        {
            text.Append(buffer, 0, read);
            if (text.Length > MaxPromptCharacters)
                throw new CliFailure($"the prompt is longer than {ByteSizeText.Format(MaxPromptCharacters)}", ExitCode.Usage);
        }

        return text.ToString().TrimEnd();
    }

    private double? ReadTemperature(ParseResult result)
    {
        if (result.GetValue(_temperature) is not { } text)
            return null;

        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value <= 100
            ? value
            : throw new CliFailure($"--temperature: \"{text}\" is not a number from 0 to 100", ExitCode.Usage);
    }
}
