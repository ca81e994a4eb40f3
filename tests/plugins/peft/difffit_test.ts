import { difffit } from "../../../plugins/peft/difffit.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(difffit);
