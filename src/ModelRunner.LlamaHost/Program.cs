using ModelRunner.LlamaHost;
using ModelRunner.LlamaHost.Arguments;

ArgumentOutcome outcome = ArgumentParser.Parse(args);
if (outcome.Settings is not null)
    return await new HostApplication(outcome.Settings).Run();

if (outcome.Problem is null)
{
    Console.Out.Write(ArgumentParser.Usage());
    return 0;
}

Console.Error.WriteLine($"error: {outcome.Problem}");
return 1;
