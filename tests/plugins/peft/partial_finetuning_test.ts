import { partialFinetuning } from "../../../plugins/peft/partial_finetuning.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(partialFinetuning);
