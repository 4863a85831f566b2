namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>A daemon with one model, what it responds in a chat, and what is typed there.</summary>
internal static class ChatAnswers
{
    public const string Chat = "/v1/chat/completions";

    /// <summary>The terminal is told to mark what is pasted, and not to do so any more.</summary>
    public const string PasteOn = "\u001b[?2004h";

    public const string PasteOff = "\u001b[?2004l";

    public const string Prompt = "> ";
    public const string EndOfInput = "\u0004";
    public const string ControlC = "\u0003";
    public const string ControlZ = "\u001a";

    public static readonly (string, string) NoColor = ("NO_COLOR", "1");

    public static async Task<FakeDaemon> StartAsync() => (await FakeDaemon.StartAsync()).On("/v1/models/otter", "{}");

    public static string Chunk(string text) => "data: {\"choices\":[{\"delta\":{\"content\":\"" + text + "\"}}]}\n\n";

    public static string Answer(string text) => Chunk(text) + "data: [DONE]\n\n";

    public static string Request(string messages) => $$"""{"model":"otter","stream":true,"messages":[{{messages}}]}""";
}
