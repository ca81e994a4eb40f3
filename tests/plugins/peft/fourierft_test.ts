import { fourierft } from "../../../plugins/peft/fourierft.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(fourierft);
