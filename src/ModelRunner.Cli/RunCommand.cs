using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary><c>model-runner run</c>: sends a prompt to a model and shows the response as it arrives.</summary>
internal sealed class RunCommand : ClientCommand
{
    private const string Path = "v1/chat/completions";
    private const string StandardInput = "-";
    private const int MaxPromptCharacters = 16 * 1024 * 1024;

    private readonly Argument<string> _model = new("MODEL") { Description = "The model" };

    private readonly Argument<string[]> _prompt = new("PROMPT")
    {
        Description = "The prompt; - reads it from standard input. Without a prompt, the command opens a chat on a terminal, "
            + "and otherwise reads standard input",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string> _system = new("--system") { Description = "Instructions for the model", HelpName = "TEXT" };
    private readonly Option<string> _maxTokens = new("--max-tokens") { Description = "The maximum number of tokens in the response", HelpName = "N" };
    private readonly Option<string> _temperature = new("--temperature")
    {
        Description = "Sampling temperature; 0 always gives the same response",
        HelpName = "NUMBER",
    };

    private readonly Option<bool> _noPull = new("--no-pull") { Description = "Fail if the model is not there, and do not pull it" };

    private readonly Option<string> _limit = LimitFlag.Make();

    public RunCommand(CliContext context)
        : base("run", "Chat with a model, or send it one prompt", context)
    {
        Add(_model);
        Add(_prompt);
        Add(_system);
        Add(_maxTokens);
        Add(_temperature);
        Add(_noPull);
        Add(_limit);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string model = result.GetValue(_model)!;
        if (string.IsNullOrWhiteSpace(model))
            throw new CliFailure(UsageCheck.NeedsModel(this), ExitCode.Usage);

        LimitFlag.Check(result.GetValue(_limit));
        var question = new ChatRequest(model, [])
        {
            MaxTokens = ReadMaxTokens(result), Temperature = ReadTemperature(result),
        };
        if (result.GetValue(_system) is { } system)
            question = question with { Messages = [new ChatMessage("system", system)] };

        string[] words = result.GetValue(_prompt) ?? [];
        if (words is [] && Console is { IsInputTerminal: true, IsTerminal: true } && !IsJson(result))
        {
            var session = new ChatSession(Console, client, interrupt, question);
            await WithModelAsync(result, client, session.CheckModelAsync, interrupt.Ended);
            return await session.RunAsync();
        }

        string prompt = await ReadPromptAsync(words, interrupt.Ended);
        question = question with { Messages = [.. question.Messages, new ChatMessage("user", prompt)] };
        await WithModelAsync(result, client, () => AskAsync(question, IsJson(result), client, interrupt.Ended), interrupt.Ended);
        return ExitCode.Success;
    }

    private Task WithModelAsync(ParseResult result, DaemonClient client, Func<Task> ask, CancellationToken cancellation) =>
        new MissingModel(Console, client, Context.Time) { Limit = result.GetValue(_limit) }.PullForAsync(ask, mayPull: !result.GetValue(_noPull), cancellation);

    private async Task AskAsync(ChatRequest question, bool isJson, DaemonClient client, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte> body = question.ToJson(isStream: !isJson);
        if (isJson)
        {
            using JsonDocument whole = await client.PostJsonAsync(Path, body, cancellation);
            Console.WriteLine(whole.RootElement.GetRawText());
            return;
        }

        using HttpResponseMessage answer = await client.PostAsync(Path, body, cancellation);
        ChatStream.Require(client, answer, question.Model);
        await using Stream stream = await answer.Content.ReadAsStreamAsync(cancellation);
        await ChatStream.CopyAsync(stream, Console, answer: null, cancellation);
    }

    private async Task<string> ReadPromptAsync(string[] words, CancellationToken cancellation)
    {
        string prompt = words is [] or [StandardInput] ? await ReadInputAsync(cancellation) : string.Join(' ', words);
        return string.IsNullOrWhiteSpace(prompt)
            ? throw new CliFailure("there is no prompt; write it after the model, or send it to standard input", ExitCode.Usage)
            : prompt;
    }

    private async Task<string> ReadInputAsync(CancellationToken cancellation)
    {
        var text = new System.Text.StringBuilder();
        char[] buffer = new char[4096];

        // Reading a terminal or a pipe cannot be cancelled; the thread that reads ends with the process.
        while (await Task.Run(() => Read(buffer), CancellationToken.None).WaitAsync(cancellation) is > 0 and int read)
        {
            text.Append(buffer, 0, read);
            if (text.Length > MaxPromptCharacters)
                throw new CliFailure($"the prompt is longer than {ByteSizeText.Format(MaxPromptCharacters)}", ExitCode.Usage);
        }

        return text.ToString().TrimEnd();
    }

    private int Read(char[] buffer)
    {
        try
        {
            return Console.In.Read(buffer);
        }
        catch (IOException failure)
        {
            throw new CliFailure(failure.Message, ExitCode.Usage);
        }
    }

    private int? ReadMaxTokens(ParseResult result)
    {
        if (result.GetValue(_maxTokens) is not { } text)
            return null;

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0
            ? value
            : throw new CliFailure($"--max-tokens: \"{text}\" is not a whole number from 1 to {int.MaxValue}", ExitCode.Usage);
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
