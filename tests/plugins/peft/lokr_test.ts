import { lokr } from "../../../plugins/peft/lokr.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(lokr);
