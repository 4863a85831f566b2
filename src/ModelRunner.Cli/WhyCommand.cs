using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner why</c>: shows why models were started, stopped and refused.</summary>
internal sealed class WhyCommand : ClientCommand
{
    private readonly Argument<string?> _model = new("MODEL") { Description = "Only decisions about this model", Arity = ArgumentArity.ZeroOrOne };

    public WhyCommand(CliContext context)
        : base("why", "Show why models were started, stopped and refused", context) => Add(_model);

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string? model = result.GetValue(_model);
        if (model is not null && string.IsNullOrWhiteSpace(model))
            throw new CliFailure(UsageCheck.EmptyModel(this), ExitCode.Usage);

        string path = model is null ? "engines/decisions" : $"engines/decisions?model={Uri.EscapeDataString(model)}";
        using JsonDocument response = await client.GetJsonAsync(path, JsonValueKind.Object, interrupt.Ended);
        JsonElement[] decisions = [.. (response.RootElement.Member("decisions") ?? default).Items()];
        if (IsJson(result))
            Console.WriteLine(response.RootElement.GetRawText());
        else if (decisions.Length > 0)
            Console.Write(Draw([.. decisions.Reverse()]));
        else if (model is null)
            Console.WriteLine("Nothing was decided yet.");
        else
            Console.WriteLine($"Nothing was decided about {model} since the daemon started, or it is too long ago.");
        return ExitCode.Success;
    }

    // A daemon without keys has no column for them.
    private static string Draw(JsonElement[] decisions)
    {
        bool hasKeys = decisions.Any(static decision => decision.Text("key").Length > 0);
        string[] names = hasKeys ? ["TIME", "MODEL", "DECISION", "KEY", "BECAUSE"] : ["TIME", "MODEL", "DECISION", "BECAUSE"];
        return TextTable.Draw(names, decisions.Select(decision => Row(decision, hasKeys)));
    }

    private static string[] Row(JsonElement decision, bool hasKeys)
    {
        long count = decision.Integer("count") ?? 1;
        string times = count > 1 ? string.Create(CultureInfo.InvariantCulture, $" ({count} times)") : "";
        string[] key = hasKeys ? [decision.Text("key")] : [];
        return [TimeOf(decision.Text("time")), decision.Text("model"), decision.Text("decision") + times, .. key, decision.Text("text")];
    }

    private static string TimeOf(string time) =>
        DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out DateTimeOffset parsed)
            ? parsed.ToLocalTime().ToString("MM-dd HH:mm:ss", CultureInfo.InvariantCulture)
            : time;
}
