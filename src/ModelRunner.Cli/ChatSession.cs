using System.Text;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>A conversation at a terminal: with each prompt the model gets the whole conversation so far.</summary>
internal sealed class ChatSession(CliConsole console, DaemonClient client, Interrupt interrupt, ChatRequest template)
{
    private const string Path = "v1/chat/completions";

    private const int MaxName = 200;

    private static readonly string[] Commands = ["/bye", "/exit", "/quit", "/help", "/?", "/clear"];

    private readonly List<ChatMessage> _messages = [.. template.Messages];

    /// <summary>Runs the conversation until the user ends it, and returns the exit code.</summary>
    public async Task<int> RunAsync()
    {
        using var view = new ChatView(console);
        using var input = new ChatInput(console, interrupt.Ended);
        _ = LoadAsync();
        input.TakeTerminal();
        interrupt.Ended.ThrowIfCancellationRequested();
        view.Greet(template.Model, input.HasEditor);
        while (true)
        {
            string? line = await ReadLineAsync(input);
            switch (line?.Trim())
            {
                case null:
                    console.WriteLine("");
                    return ExitCode.Success;
                case "":
                    break;
                case "/bye" or "/exit" or "/quit":
                    return ExitCode.Success;
                case "/help" or "/?":
                    view.Note(ChatView.Commands(input.HasEditor));
                    break;
                case "/clear":
                    _messages.Clear();
                    _messages.AddRange(template.Messages);
                    view.Note("The conversation was deleted.");
                    break;
                case var command when IsCommand(command):
                    string name = command.Split(' ')[0];
                    view.Note(Commands.Contains(name, StringComparer.Ordinal)
                        ? $"{name} takes no text."
                        : $"There is no command {PlainText.EscapeAndCut(name, MaxName)}. /help shows the commands.");
                    break;
                case var prompt:
                    using (input.Quiet())
                        await AskAsync(prompt);
                    break;
            }
        }
    }

    // The first word decides. A path such as /etc/hosts, a comment of C, or a text of several lines is a prompt.
    private static bool IsCommand(string text) =>
        text[0] == '/' && !text.Contains('\n', StringComparison.Ordinal) && !text.Split(' ')[0].AsSpan(1).ContainsAny('/', '*');

    // While the user types the first prompt. A load that fails is reported with the response to it.
    private async Task LoadAsync()
    {
        try
        {
            (await client.PostAsync(
                "tokenize", JsonObject.Write(json => json.WriteString("model", template.Model)), interrupt.Ended, isPreload: true)).Dispose();
        }
        catch (Exception failure) when (failure is CliFailure or OperationCanceledException or IOException)
        {
        }
    }

    /// <summary>Reports a wrong model name before the user types the first prompt.</summary>
    /// <exception cref="CliFailure">There is no such model, or it cannot chat.</exception>
    public async Task CheckModelAsync()
    {
        using JsonDocument model = await client.GetJsonAsync($"v1/{ModelPath.Of(template.Model)}", JsonValueKind.Object, interrupt.Ended);
        string[] modes = [.. (model.RootElement.Member("dmr")?.Member("modes")?.Items() ?? []).Select(static mode => mode.ToString())];
        if (modes.Length > 0 && !modes.Contains("completion", StringComparer.Ordinal))
        {
            string name = PlainText.EscapeAndCut(model.RootElement.Text("id"), MaxName);
            throw new CliFailure(
                $"model \"{name}\" cannot chat: it is for {string.Join(" and ", modes.Select(static mode => PlainText.EscapeAndCut(mode, MaxName)))}; "
                + $"send requests to /v1/{(modes[0] == "reranking" ? "rerank" : "embeddings")}, or run another model (\"model-runner ls\" lists them)",
                ExitCode.Failure);
        }
    }

    private async Task<string?> ReadLineAsync(ChatInput input)
    {
        try
        {
            return await input.ReadAsync(interrupt.Ended);
        }
        catch (IOException failure) when (failure is not OutputException)
        {
            throw new CliFailure($"the terminal cannot be read: {failure.Message}", ExitCode.Failure);
        }
    }

    private async Task AskAsync(string prompt)
    {
        var answer = new StringBuilder();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(interrupt.Ended);
        _messages.Add(new ChatMessage("user", prompt));
        interrupt.Redirect(stop);
        try
        {
            ReadOnlyMemory<byte> body = (template with { Messages = _messages }).ToJson(isStream: true);
            using HttpResponseMessage response = await client.PostAsync(Path, body, stop.Token);
            ChatStream.Require(client, response, template.Model);
            await using Stream events = await response.Content.ReadAsStreamAsync(stop.Token);
            await ChatStream.CopyAsync(events, console, answer, stop.Token);
        }
        catch (OperationCanceledException) when (!interrupt.Ended.IsCancellationRequested)
        {
            // The user stopped this response.
        }
        catch (CliFailure failure) when (failure.ExitCode != ExitCode.NotRunning || console.IsInputTerminal)
        {
            console.WriteError(failure.Message);
        }
        catch (IOException failure) when (failure is not OutputException)
        {
            console.WriteError("the connection to the daemon ended before its response was complete");
        }
        finally
        {
            interrupt.Redirect(null);
        }

        // A question without its response would only confuse the model.
        if (answer.Length > 0)
            _messages.Add(new ChatMessage("assistant", answer.ToString()));
        else
            _messages.RemoveAt(_messages.Count - 1);
    }
}
