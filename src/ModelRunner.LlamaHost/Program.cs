using ModelRunner.LlamaHost;
using ModelRunner.LlamaHost.Arguments;
using ModelRunner.LlamaHost.Diagnostics;

ArgumentOutcome outcome = ArgumentParser.Parse(args);
if (outcome.Ignored.Count > 0)
{
    HostLog.Warning($"srv  main: ignored, since only llama-server knows them: {string.Join(' ', outcome.Ignored)}; "
        + "to use them set LLAMA_SERVER_PATH");
}

if (outcome.Settings is not null)
    return await new HostApplication(outcome.Settings).RunAsync();

if (outcome.Problem is null)
{
    Console.Out.Write(ArgumentParser.Usage());
    return 0;
}

Console.Error.WriteLine($"error: {outcome.Problem}");
return 1;
